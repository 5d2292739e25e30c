import json
import pickle
import threading
import traceback
import unittest
from datetime import datetime, timezone

from tokenkeeper_reader import Reader, RecordError, Token, TokenOver, secrets_manager

START = 1795348800  # 2026-11-22T12:00:00Z


def record(token, issued=START, **fields):
    def at(seconds):
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({
        "version": 1, "access_token": token, "token_type": "Bearer", "provider": "meitner",
        "issued_at": at(issued), "refresh_after": at(issued + 2160), "expires_at": at(issued + 3600),
        "expires_at_unix": issued + 3600, "scope": "", "extra": {}, **fields})


class Shelf:
    """A source that holds a record or an error and counts its reads, and a clock."""

    def __init__(self, held):
        self.held, self.reads, self.now = held, 0, START

    def __call__(self):
        self.reads += 1
        if isinstance(self.held, Exception):
            raise self.held
        return self.held

    def reader(self):
        return Reader(self, now=lambda: self.now)


class ReaderTest(unittest.TestCase):
    def test_caches_until_refresh_after_then_looks_every_30_s(self):
        shelf = Shelf(record("A"))
        reader = shelf.reader()
        for now, reads in ((0, 1), (2159, 1), (2160, 2), (2189, 2), (2190, 3)):
            shelf.now = START + now
            self.assertEqual(reader.token().access_token, "A")
            self.assertEqual(shelf.reads, reads)
        shelf.now += 30
        shelf.held = record("B", shelf.now)
        self.assertEqual(reader.token().authorization, "Bearer B")

    def test_serves_until_expiry_whatever_the_source_does(self):
        shelf = Shelf(record("A"))
        reader = shelf.reader()
        reader.token()
        shelf.held = ConnectionError("the store is down")
        shelf.now = START + 3599
        with self.assertLogs("tokenkeeper_reader", "WARNING"):
            self.assertEqual(reader.token().access_token, "A")
        shelf.now += 1
        with self.assertRaisesRegex(TokenOver, '"meitner" ended at 2026-11-22T13:00:00Z .* the store is down'):
            reader.token()
        shelf.held = record("B", shelf.now)
        shelf.now += 1
        self.assertEqual(reader.token().access_token, "B")

    def test_a_dead_or_bad_record_does_not_replace_a_live_token(self):
        for held in (record("B", START - 4000), "left by hand", record("B", version=2)):
            shelf = Shelf(record("A"))
            reader = shelf.reader()
            reader.token()
            shelf.held = held
            shelf.now = START + 2160
            self.assertEqual(reader.token().access_token, "A")
            self.assertEqual(shelf.reads, 2)

    def test_with_nothing_to_serve_looks_are_held_apart(self):
        shelf = Shelf(ConnectionError("the store is down"))
        reader = shelf.reader()
        looked = []
        for second in range(100):
            before = shelf.reads
            shelf.now = START + second
            with self.assertRaisesRegex(RecordError, "the store is down"):
                reader.token()
            if shelf.reads > before:
                looked.append(second)
        self.assertEqual(looked, [0, 1, 3, 7, 15, 31, 61, 91])

    def test_replacement_looks_at_once_then_holds_back(self):
        shelf = Shelf(record("A"))
        reader = shelf.reader()
        token = reader.token()
        self.assertIsNone(reader.replacement(token))
        self.assertIsNone(reader.replacement(token))
        self.assertEqual(shelf.reads, 2)
        shelf.held = record("B")
        shelf.now += 1
        self.assertEqual(reader.replacement(token).access_token, "B")
        self.assertEqual(reader.replacement(token).access_token, "B")
        self.assertEqual(shelf.reads, 3)

    def test_many_threads_make_one_look(self):
        opened = threading.Event()
        shelf = Shelf(record("A"))

        def source():
            opened.wait()
            return shelf()
        reader = Reader(source, now=lambda: START)
        got = []
        threads = [threading.Thread(target=lambda: got.append(reader.token().access_token)) for _ in range(32)]
        for thread in threads:
            thread.start()
        opened.set()
        for thread in threads:
            thread.join()
        self.assertEqual((got, shelf.reads), (["A"] * 32, 1))

    def test_with_a_live_token_nobody_waits_for_the_look_of_another(self):
        looking, opened = threading.Event(), threading.Event()
        shelf = Shelf(record("A"))
        reader = shelf.reader()
        reader.token()

        def hanging():
            looking.set()
            opened.wait()
            return shelf()
        reader._source = hanging
        shelf.now = START + 2160
        other = threading.Thread(target=reader.token)
        other.start()
        looking.wait()
        self.assertEqual(reader.token().access_token, "A")
        opened.set()
        other.join()

    def test_secrets_manager(self):
        class Client:
            def get_secret_value(self, SecretId):
                return {"SecretString": record(SecretId)}
        self.assertEqual(Reader(secrets_manager(Client(), "A"), now=lambda: START).token().access_token, "A")


class TokenTest(unittest.TestCase):
    def test_printing_shows_no_secret(self):
        token = Token(record("very-secret", extra={"id_token": "very-secret"}))
        self.assertEqual(repr(token), "<token of meitner, ends 2026-11-22T13:00:00Z>")
        for text in (str(token), f"{[token]}", "%s %r" % (token, token)):
            self.assertNotIn("very-secret", text)
        with self.assertRaises(TypeError):
            pickle.dumps(token)
        with self.assertRaises(TypeError):
            json.dumps(token)

    def test_a_later_version_says_to_upgrade(self):
        with self.assertRaisesRegex(RecordError, "version 2 .* upgrade"):
            Token('{"version": 2, "token": "of another shape"}')

    def test_what_is_no_record_is_not_quoted(self):
        for text in ("very-secret", '"very-secret"', "null", "[1]", "{}", '{"version": "very-secret"}',
                     record(None), record(""), record("very-secret\r\nX: y"), record("very-secret\n"),
                     record({"t": "very-secret"}), record("very-secret", token_type=None),
                     record("very-secret", refresh_after="very-secret"), record("very-secret", refresh_after=7),
                     record("very-secret", expires_at_unix="very-secret"), record("very-secret", expires_at_unix=None),
                     record("very-secret", expires_at_unix=float("inf")), record("very-secret", version=0)):
            with self.subTest(text=text), self.assertRaises(RecordError) as caught:
                Token(text)
            self.assertNotIn("very-secret", "".join(traceback.format_exception(caught.exception)))


if __name__ == "__main__":
    unittest.main()
