import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.context.config.annotation.RefreshScope;
import org.springframework.cloud.context.refresh.ContextRefresher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * spring-cloud-aws-starter-secrets-manager: the fields of the record are properties, loaded again within the cache
 * age (application.properties). Calls an API once for each line of standard input:
 *
 * <pre>java -cp ... Call SECRET URL</pre>
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Call {
    /** The record as it was read last. */
    public static class Record {
        @Value("${meitner.access_token}")
        private String accessToken;

        @Value("${meitner.expires_at_unix}")
        private long expiresAt;

        public String token() {
            if (System.currentTimeMillis() / 1000 >= expiresAt) {
                throw new IllegalStateException("the token has expired; 'tokenkeeper status' says why");
            }
            return accessToken;
        }
    }

    @Bean
    @RefreshScope
    Record record() {
        return new Record();
    }

    private static int get(String url, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + token).build();
        return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
    }

    public static void main(String[] args) throws Exception {
        ConfigurableApplicationContext context = SpringApplication.run(Call.class);
        Record record = context.getBean(Record.class);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            try {
                int status = get(args[1], record.token());
                if (status == 401) { // replaced since it was read: look again, once
                    context.getBean(ContextRefresher.class).refresh();
                    status = get(args[1], record.token());
                }
                System.out.println(status);
            } catch (IllegalStateException expired) {
                System.out.println(expired.getMessage());
            }
        }
        System.exit(0);
    }
}
