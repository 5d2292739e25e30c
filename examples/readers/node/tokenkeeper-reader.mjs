#!/usr/bin/env node
// Uses an access token that tokenkeeper keeps. One file for Node 20 or later: copy it
// into the application. To read from Secrets Manager it needs
// @aws-sdk/client-secrets-manager, which a Lambda of Node has; files need nothing.
//
//   import { SecretsManager } from "@aws-sdk/client-secrets-manager";
//   const tokens = new Reader(secretsManager(new SecretsManager(), "tokenkeeper/tokens/meitner"));
//   const answer = await tokens.fetch("https://api.meitner.se/v1/schools");
//
// Make one Reader for each provider and keep it. It reads the record when it is
// first asked, again once the record is past its refresh_after (at most every
// 30 s), and serves the token until it ends. Then it throws TokenOver.
//
// With another HTTP library: send (await reader.token()).authorization as the
// Authorization header, to your API's own host and nowhere else, and on a 401 once
// more with await reader.replacement(token), if that is not null.
//
//   node tokenkeeper-reader.mjs (--secret ID | --file PATH) URL
//
// sends one GET with the token and prints the status.

import { realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

// There is no record that could be used. The message never quotes it.
export class RecordError extends Error {}

// The newest token that is known has ended.
export class TokenOver extends Error {}

// What a record holds. Private fields are not printed, whatever prints it.
export class Token {
  #accessToken;

  constructor(text) {
    let record;
    try {
      record = JSON.parse(text) ?? {};
    } catch {
      record = {};
    }
    if (record.version > 1) {
      throw new RecordError(
        `the record has version ${Number(record.version)} and this reader knows version 1: upgrade the reader (copy it again)`,
      );
    }
    this.#accessToken = record.access_token;
    this.tokenType = record.token_type;
    this.provider = record.provider;
    this.refreshAfter = Date.parse(record.refresh_after); // milliseconds, as Date.now
    this.expiresAt = record.expires_at_unix * 1000;
    this.scope = record.scope ?? "";
    const visible = (s) => typeof s === "string" && /^[!-~]+$/.test(s);
    const usable =
      record.version === 1 &&
      [this.#accessToken, this.tokenType, this.provider].every(visible) &&
      [this.refreshAfter, this.expiresAt].every(Number.isFinite);
    if (!usable) {
      // Without the cause: what is there instead may be a secret too.
      throw new RecordError("what was read is no record: is this the secret or file of a token (tokens/NAME)?");
    }
    Object.defineProperty(this, "extra", { value: record.extra ?? {} }); // not enumerable: not printed
  }

  get accessToken() {
    return this.#accessToken;
  }

  // The value of the Authorization header.
  get authorization() {
    const scheme = this.tokenType.toLowerCase() === "bearer" ? "Bearer" : this.tokenType;
    return `${scheme} ${this.#accessToken}`;
  }

  toJSON() {
    throw new TypeError("a Token is not for writing out");
  }
}

// The source for a record in Secrets Manager; client is a SecretsManager of
// @aws-sdk/client-secrets-manager, or anything with its getSecretValue.
export function secretsManager(client, secretId) {
  return async (abortSignal) => (await client.getSecretValue({ SecretId: secretId }, { abortSignal })).SecretString;
}

// The source for a record in a store without AWS, DIR/tokens/NAME.json.
export function file(path) {
  return (signal) => readFile(path, { encoding: "utf8", signal });
}

// Serves the token of one record. source is called with an AbortSignal and returns
// the record's JSON; times are in milliseconds.
export class Reader {
  #source;
  #recheck;
  #timeout;
  #now;
  #token = null;
  #error = null;
  #looked = 0;
  #misses = 0; // looks made to find a new token that did not, since the last new one
  #look = null; // the promise of the look that is under way

  constructor(source, { recheck = 30_000, timeout = 10_000, now = Date.now } = {}) {
    this.#source = source;
    this.#recheck = recheck;
    this.#timeout = timeout;
    this.#now = now;
  }

  // A token that is live now. Throws TokenOver; before the first record, RecordError.
  async token() {
    if (this.#due()) {
      if (this.#look === null) await this.#start();
      else if (!this.#live()) await this.#look; // with a live token no caller waits for another's look
    }
    if (this.#live()) return this.#token;
    const cause = this.#error;
    if (this.#token === null) throw new RecordError(`reading the record: ${cause.message}`, { cause });
    const ended = new Date(this.#token.expiresAt).toISOString().replace(".000Z", "Z");
    throw new TokenOver(
      `the token of "${this.#token.provider}" ended at ${ended} and ` +
        (cause
          ? `a newer one could not be read: ${cause.message}`
          : `no newer one is stored: "tokenkeeper status" says why`),
      { cause },
    );
  }

  // For a request with the token rejected that was answered 401: another live token
  // to send it with once more, or null. Then the 401 means what it says.
  async replacement(rejected) {
    const replaced = () => this.#live() && this.#token.accessToken !== rejected.accessToken;
    if (!replaced()) {
      if (this.#look === null && this.#rested()) this.#start(true);
      await this.#look;
    }
    return replaced() ? this.#token : null;
  }

  // The global fetch with the token, once more if a 401 turns out to mean that the
  // token was replaced. A body that is a stream is sent once only. On a redirect to
  // another origin fetch itself drops the Authorization header.
  async fetch(url, init = {}) {
    const { protocol, hostname } = new URL(url);
    const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
    if (protocol !== "https:" && !(protocol === "http:" && loopback)) {
      throw new Error(`not sending the token to ${hostname} over ${protocol.slice(0, -1)}: use https`);
    }
    const send = (token) => {
      const headers = new Headers(init.headers);
      headers.set("Authorization", token.authorization);
      return fetch(url, { ...init, headers });
    };
    const token = await this.token();
    const answer = await send(token);
    if (answer.status !== 401 || init.body?.[Symbol.asyncIterator]) return answer;
    const replacement = await this.replacement(token);
    if (replacement === null) return answer;
    await answer.body?.cancel();
    return send(replacement);
  }

  #live() {
    return this.#token !== null && this.#now() < this.#token.expiresAt;
  }

  #due() {
    if (!this.#live()) return this.#rested();
    return this.#now() >= this.#token.refreshAfter && this.#sinceLook() >= this.#recheck;
  }

  #rested() {
    const pause = this.#misses === 0 ? 0 : 1000 * 2 ** Math.min(this.#misses - 1, 10);
    return this.#sinceLook() >= Math.min(pause, this.#recheck);
  }

  #sinceLook() {
    const since = this.#now() - this.#looked;
    return since >= 0 ? since : Infinity; // the clock was set back
  }

  // Begins a look. Its promise never rejects: the error is kept.
  #start(wanted = !this.#live()) {
    const looking = async () => {
      let changed = false;
      try {
        const token = new Token(await this.#source(AbortSignal.timeout(this.#timeout)));
        this.#error = null;
        // A live token is not given up for a dead one, as from a replica that lags.
        if (this.#now() < token.expiresAt || !this.#live()) {
          changed = token.accessToken !== this.#token?.accessToken;
          this.#token = token;
        }
      } catch (error) {
        this.#error = error;
        if (this.#live()) console.warn(`serving the token at hand: reading the record: ${error.message}`);
      }
      this.#looked = this.#now();
      if (changed) this.#misses = 0;
      else if (wanted) this.#misses++;
    };
    return (this.#look = looking().finally(() => (this.#look = null)));
  }
}

async function main() {
  const usage = "usage: reader (--secret ID | --file PATH) URL";
  let values, positionals;
  try {
    const options = { secret: { type: "string" }, file: { type: "string" } };
    ({ values, positionals } = parseArgs({ options, allowPositionals: true }));
  } catch {
    values = {};
  }
  if (!values.secret === !values.file || positionals?.length !== 1) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  try {
    let source = file(values.file);
    if (values.secret) {
      const { SecretsManager } = await import("@aws-sdk/client-secrets-manager");
      source = secretsManager(new SecretsManager(), values.secret);
    }
    const answer = await new Reader(source).fetch(positionals[0]);
    await answer.body?.cancel();
    console.log(answer.status);
    process.exitCode = answer.ok ? 0 : 1;
  } catch (error) {
    // fetch says what went wrong in the cause of its error only.
    console.error(`reader: ${error.message}${error instanceof TypeError && error.cause ? `: ${error.cause.message}` : ""}`);
    process.exitCode = 1;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) await main();
