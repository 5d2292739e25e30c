import com.amazonaws.secretsmanager.caching.SecretCache;
import com.amazonaws.secretsmanager.caching.SecretCacheConfiguration;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/**
 * aws-secretsmanager-caching-java. It keeps values for an hour by default, and serves the old one when a
 * refresh fails, so expires_at_unix is looked at each time. Calls an API once for each line of standard input:
 *
 * <pre>java -cp ... Call SECRET URL</pre>
 */
public final class Call {
    /** In milliseconds: at most the stack's CacheAgeSeconds. */
    private static final long CACHE_AGE = 300_000;

    private final SecretCache cache = new SecretCache(new SecretCacheConfiguration().withCacheItemTTL(CACHE_AGE));
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http = HttpClient.newHttpClient();
    private final String secretId;

    private Call(String secretId) {
        this.secretId = secretId;
    }

    private String token(boolean again) throws Exception {
        if (again) {
            cache.refreshNow(secretId); // waits up to some seconds first
        }
        JsonNode record = json.readTree(cache.getSecretString(secretId));
        if (System.currentTimeMillis() / 1000 >= record.get("expires_at_unix").asLong()) {
            throw new IllegalStateException("the token in " + secretId + " has expired; 'tokenkeeper status' says why");
        }
        return record.get("access_token").asText();
    }

    private int get(String url, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + token).build();
        return http.send(request, BodyHandlers.discarding()).statusCode();
    }

    public static void main(String[] args) throws Exception {
        Call call = new Call(args[0]);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        while (lines.readLine() != null) {
            try {
                int status = call.get(args[1], call.token(false));
                if (status == 401) { // replaced since it was read: look again, once
                    status = call.get(args[1], call.token(true));
                }
                System.out.println(status);
            } catch (IllegalStateException expired) {
                System.out.println(expired.getMessage());
            }
        }
        System.exit(0);
    }
}
