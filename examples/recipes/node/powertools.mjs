// Powertools for AWS Lambda (TypeScript): its cache is given the cache age.
import { getSecret } from "@aws-lambda-powertools/parameters/secrets";

const CACHE_AGE = 300; // seconds: at most the stack's CacheAgeSeconds; Powertools' own default is 5

export async function token(secretId, again = false) {
  const record = await getSecret(secretId, { transform: "json", maxAge: CACHE_AGE, forceFetch: again });
  if (Date.now() / 1000 >= record.expires_at_unix) {
    throw new Error(`the token in ${secretId} has expired; 'tokenkeeper status' says why`);
  }
  return record.access_token;
}
