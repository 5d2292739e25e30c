import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Reader, RecordError, Token, TokenOver, secretsManager } from "./tokenkeeper-reader.mjs";

const START = Date.parse("2026-11-22T12:00:00Z");

const record = (token, issued = START, fields = {}) =>
  JSON.stringify({
    version: 1,
    access_token: token,
    token_type: "Bearer",
    provider: "meitner",
    issued_at: new Date(issued).toISOString(),
    refresh_after: new Date(issued + 2160_000).toISOString(),
    expires_at: new Date(issued + 3600_000).toISOString(),
    expires_at_unix: issued / 1000 + 3600,
    ...fields,
  });

// A source that holds a record or an error and counts its reads, and a clock.
class Shelf {
  reads = 0;
  now = START;

  constructor(held) {
    this.held = held;
    this.reader = new Reader(
      async () => {
        this.reads++;
        await this.gate;
        if (this.held instanceof Error) throw this.held;
        return this.held;
      },
      { now: () => this.now },
    );
  }

  async wants(token) {
    assert.equal((await this.reader.token()).accessToken, token);
  }
}

test("caches until refresh_after, then looks every 30 s", async () => {
  const shelf = new Shelf(record("A"));
  for (const [second, reads] of [[0, 1], [2159, 1], [2160, 2], [2189, 2], [2190, 3]]) {
    shelf.now = START + second * 1000;
    await shelf.wants("A");
    assert.equal(shelf.reads, reads, `reads by second ${second}`);
  }
  shelf.now += 30_000;
  shelf.held = record("B", shelf.now);
  await shelf.wants("B");
});

test("serves until expiry whatever the source does", async (t) => {
  t.mock.method(console, "warn", () => {});
  const shelf = new Shelf(record("A"));
  await shelf.wants("A");
  shelf.held = new Error("the store is down");
  shelf.now = START + 3599_999;
  await shelf.wants("A");
  assert.equal(console.warn.mock.callCount(), 1);
  shelf.now++;
  await assert.rejects(shelf.reader.token(), (error) => {
    assert.ok(error instanceof TokenOver);
    assert.match(error.message, /"meitner" ended at 2026-11-22T13:00:00Z .* the store is down/);
    return true;
  });
  shelf.held = record("B", shelf.now);
  shelf.now += 1000;
  await shelf.wants("B");
});

test("a dead or bad record does not replace a live token", async (t) => {
  t.mock.method(console, "warn", () => {});
  for (const held of [record("B", START - 4000_000), "left by hand", record("B", START, { version: 2 })]) {
    const shelf = new Shelf(record("A"));
    await shelf.wants("A");
    shelf.held = held;
    shelf.now = START + 2160_000;
    await shelf.wants("A");
    assert.equal(shelf.reads, 2);
  }
});

test("with nothing to serve looks are held apart", async () => {
  const shelf = new Shelf(new Error("the store is down"));
  const looked = [];
  for (let second = 0; second < 100; second++) {
    const before = shelf.reads;
    shelf.now = START + second * 1000;
    await assert.rejects(shelf.reader.token(), RecordError);
    if (shelf.reads > before) looked.push(second);
  }
  assert.deepEqual(looked, [0, 1, 3, 7, 15, 31, 61, 91]);
});

test("replacement looks at once, then holds back", async () => {
  const shelf = new Shelf(record("A"));
  const token = await shelf.reader.token();
  assert.equal(await shelf.reader.replacement(token), null);
  assert.equal(await shelf.reader.replacement(token), null);
  assert.equal(shelf.reads, 2);
  shelf.held = record("B");
  shelf.now += 1000;
  const many = await Promise.all(Array.from({ length: 32 }, () => shelf.reader.replacement(token)));
  assert.ok(many.every((token) => token.accessToken === "B"));
  assert.equal(shelf.reads, 3);
});

test("many callers make one look", async () => {
  const shelf = new Shelf(record("A"));
  await Promise.all(Array.from({ length: 32 }, () => shelf.wants("A")));
  assert.equal(shelf.reads, 1);
});

test("with a live token nobody waits for the look of another", async () => {
  const shelf = new Shelf(record("A"));
  await shelf.wants("A");
  let open;
  shelf.gate = new Promise((resolve) => (open = resolve));
  shelf.now = START + 2160_000;
  const looking = shelf.wants("A");
  await shelf.wants("A");
  open();
  await looking;
  assert.equal(shelf.reads, 2);
});

test("a source that throws at once leaves nobody waiting", async () => {
  const reader = new Reader(() => {
    throw new Error("at once");
  });
  await assert.rejects(reader.token(), /at once/);
  await assert.rejects(reader.token(), /at once/);
});

test("secretsManager passes on the signal and takes the string", async () => {
  const client = {
    async getSecretValue({ SecretId }, { abortSignal }) {
      assert.ok(abortSignal instanceof AbortSignal);
      return { SecretString: record(SecretId) };
    },
  };
  const reader = new Reader(secretsManager(client, "A"), { now: () => START });
  assert.equal((await reader.token()).authorization, "Bearer A");
});

test("printing a token shows no secret", () => {
  const token = new Token(record("very-secret", START, { extra: { id_token: "very-secret" } }));
  for (const text of [inspect(token, { depth: null }), String(token), `${[token]}`]) {
    assert.doesNotMatch(text, /very-secret/);
  }
  assert.throws(() => JSON.stringify({ token }), TypeError);
});

test("a later version says to upgrade", () => {
  assert.throws(() => new Token('{"version": 2, "token": "of another shape"}'), /version 2 .* upgrade/);
});

test("what is no record is not quoted", () => {
  for (const text of [
    "very-secret", '"very-secret"', "null", "[1]", "{}", '{"version": "very-secret"}',
    record(null), record(""), record("very-secret\r\nX: y"), record("very-secret\n"), record({ t: "very-secret" }),
    record("very-secret", START, { token_type: null }), record("very-secret", START, { refresh_after: "very-secret" }),
    record("very-secret", START, { expires_at_unix: "very-secret" }), record("very-secret", START, { expires_at_unix: undefined }),
    record("very-secret", START, { version: 0 }),
  ]) {
    assert.throws(() => new Token(text), (error) => {
      assert.ok(error instanceof RecordError);
      assert.doesNotMatch(inspect(error), /very-secret/);
      return true;
    });
  }
});
