// middy: the record is on the request's context, kept by middy's cache for the cache age.
import middy from "@middy/core";
import secretsManager from "@middy/secrets-manager";
import { clearCache } from "@middy/util";

const CACHE_AGE = 300; // seconds: at most the stack's CacheAgeSeconds; middy keeps for ever by default

export function token(secretId, again = false) {
  if (again) clearCache("tokenkeeper:" + secretId);
  const handler = middy(async (_event, context) => {
    if (Date.now() / 1000 >= context.record.expires_at_unix) {
      throw new Error(`the token in ${secretId} has expired; 'tokenkeeper status' says why`);
    }
    return context.record.access_token;
  }).use(
    secretsManager({
      fetchData: { record: secretId },
      cacheKey: "tokenkeeper:" + secretId,
      cacheExpiry: CACHE_AGE * 1000,
      setToContext: true,
    }),
  );
  return handler({}, {});
}
