// Serves oidc-provider on a free port of this machine, over TLS, and prints its issuer.
//
//   node server.mjs SETTINGS.json
//
// The settings have the server's certificate and key in PEM, and its clients.
import fs from 'node:fs';
import https from 'node:https';
import Provider, { errors } from 'oidc-provider';

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const api = 'https://api.example.com';

const server = https.createServer({
  cert: settings.certificate,
  key: settings.key,
  ca: settings.authority, // of clients
  requestCert: true,
  rejectUnauthorized: false,
});

server.listen(0, 'localhost', () => {
  const issuer = `https://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: settings.clients,
    clientAuthMethods: [
      'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
      'tls_client_auth', 'self_signed_tls_client_auth', 'none',
    ],
    scopes: ['read', 'write'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          property === 'tls_client_auth_subject_dn' && ctx.socket.getPeerX509Certificate().subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => {
          if (resource !== api) throw new errors.InvalidTarget();
          return { scope: 'read write', audience: api, accessTokenFormat: 'jwt', accessTokenTTL: 1200, jwt: { sign: { alg: 'ES256' } } };
        },
      },
    },
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
    },
    jwks: { keys: settings.keys },
    ttl: { ClientCredentials: 600 },
  });
  provider.on('server_error', (_ctx, err) => console.error(err));
  server.on('request', provider.callback());
  console.log(issuer);
});

// The parent holds our standard input: when it is gone, so are we.
process.stdin.resume().on('end', () => process.exit());
