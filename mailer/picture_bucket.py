"""Pictures in a bucket of S3 storage: each under the last part of its public address, so that a bucket may show them
by itself ([ADR 0049](../docs/adr/0049-pictures-in-s3-storage.md)).

The client is loaded by who asks a bucket, and by nobody else: workers stay small.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeVar

import structlog

from mailer import storage
from mailer.picture_names import FOLDER, KINDS, YEAR_SECONDS, PictureFile, StoreAway
from network_settings import Bucket

if TYPE_CHECKING:
    from obstore.store import S3Credential, S3Store

T = TypeVar("T")
log = structlog.get_logger()

A_LOOK, A_WRITE = timedelta(seconds=3), timedelta(seconds=15)  # one try; there are two
REST_SECONDS = 5.0  # what was away is asked again by one caller after that; all others are told at once
AT_ONCE = 8  # files read side by side
NOBODYS = PictureFile("0" * 32, "", "png")
NO_BUCKET = "NoSuchBucket"
REFUSALS = ("401 Unauthorized", "403 Forbidden", NO_BUCKET)
ANSWER = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")


class BucketStore:
    """As `picture_store.MediaStore`. Errors of all its calls: StoreAway."""

    def __init__(self, bucket: Bucket) -> None:
        self.place = bucket.place
        self._root = f"{bucket.prefix}{FOLDER}"
        self._bucket = bucket
        self._lock = threading.Lock()
        self._rests_until = float("-inf")
        self._said = StoreAway("", is_refusal=False)
        self._watch = storage.Watch(self._look)

    @cached_property
    def _quick(self) -> S3Store:
        return _client(self._bucket, A_LOOK)

    @cached_property
    def _patient(self) -> S3Store:
        return _client(self._bucket, A_WRITE)

    def name_of(self, file: PictureFile) -> str:
        """By its public address."""
        return file.public_name

    def put(self, file: PictureFile, content: bytes) -> None:
        """Keep a file, as browsers are to be given it; keeping it again makes it young again."""
        shown_as = {
            "Content-Type": KINDS[file.extension],
            "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable",
        }
        self._ask(lambda: self._patient.put(self._key(file), content, attributes=shown_as))

    def read(self, file: PictureFile) -> bytes | None:
        """The file, or None."""
        return self._ask(lambda: bytes(self._quick.get(self._key(file)).bytes()))

    def read_all(self, files: Iterable[PictureFile]) -> list[bytes | None]:
        """The files in that order, several at once."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self.read, files))

    def size_of(self, file: PictureFile) -> int | None:
        """How many bytes are kept of it, None where it is not there."""
        return self._ask(lambda: int(self._quick.head(self._key(file))["size"]))

    def remove(self, name: str) -> None:
        """Forget the file of that name, if it is there."""
        self._ask(lambda: self._patient.delete(f"{self._root}{name}"))

    def names_older_than(self, moment: datetime) -> Iterator[str]:
        """The names of files that were kept before `moment` (aware)."""
        pages = self._ask(lambda: iter(self._patient.list(self._root))) or iter(())
        while page := self._ask(lambda: next(pages, None)):
            for one in page:
                if one["last_modified"] < moment:
                    yield one["path"].removeprefix(self._root)

    def state(self) -> str:
        """`ok`, `away`, `refuses` (the key, or the bucket's name, is wrong) or `stalled`; never takes longer than a
        second."""
        return self._watch.state(storage.A_LOOK)[0]

    def try_out(self) -> None:
        """Ask it for something, so that its settings are known to be right."""
        self.read(NOBODYS)

    def _look(self) -> tuple[str, int]:
        try:
            self.try_out()
        except StoreAway as away:
            return storage.REFUSES if away.is_refusal else storage.AWAY, 0
        return storage.OK, 0

    def _key(self, file: PictureFile) -> str:
        return f"{self._root}{self.name_of(file)}"

    def _ask(self, call: Callable[[], T]) -> T | None:
        """What the call answers, None for what is not there. Whoever asks while it is away is told at once, so that
        pages with thirty pictures do not take the place of all others."""
        with self._lock:
            if time.monotonic() < self._rests_until:
                raise self._said
            if self._said.is_told:
                self._rests_until = time.monotonic() + REST_SECONDS  # this caller alone looks whether it is back
        try:
            answer = call()
        except FileNotFoundError as error:
            if NO_BUCKET in str(error):
                raise self._is_away(error) from error
            answer = None
        except BaseException as error:
            if not _is_of_client(error):
                raise
            raise self._is_away(error) from error
        with self._lock:
            self._rests_until, self._said = float("-inf"), StoreAway("", is_refusal=False)
        return answer

    def _is_away(self, error: BaseException) -> StoreAway:
        said = str(error).partition("\n")[0] or type(error).__name__
        log.error("the storage of pictures is away", place=self.place, error=said)
        is_refusal = any(word in said for word in REFUSALS) or not _may_pass(error)
        away = StoreAway(_in_short(said), is_refusal=is_refusal)
        with self._lock:
            self._rests_until, self._said = time.monotonic() + REST_SECONDS, away
        return away


def _is_of_client(error: BaseException) -> bool:
    """Whether the client raised it, whose own kinds are not loaded here; it has others for what it cannot even ask,
    and a panic of it is no Exception. The end of this process or of its job is not the client's."""
    kind = type(error).__module__
    return kind.startswith(("obstore", "pyo3")) or (kind == "builtins" and isinstance(error, Exception))


def _may_pass(error: BaseException) -> bool:
    """Whether the same may work later: not where the client refuses what the settings say before it asks."""
    return isinstance(error, OSError) or type(error).__module__.startswith("obstore")


def _in_short(said: str) -> str:
    """What the storage answered, without how it was asked."""
    answer = ANSWER.search(said)
    return (f"{answer[1]}: {answer[2]}" if answer else said.rpartition(" - ")[2])[:300]


def _client(bucket: Bucket, timeout: timedelta) -> S3Store:
    from obstore.store import S3Store

    keys: S3Credential = {
        "access_key_id": bucket.access_key, "secret_access_key": bucket.secret_key, "expires_at": None,
    }  # fmt: skip
    return S3Store(
        bucket.name,
        endpoint=bucket.endpoint or f"https://s3.{bucket.region}.amazonaws.com",
        region=bucket.region,
        virtual_hosted_style_request=not bucket.has_path_style,
        skip_signature=False,
        # Not as two settings: what AWS_SESSION_TOKEN says of other keys in the environment would be joined to ours.
        credential_provider=lambda: keys,
        client_options={"timeout": timeout, "connect_timeout": timedelta(seconds=2), "allow_http": True},
        retry_config={"max_retries": 1, "retry_timeout": timeout},
    )


@lru_cache(maxsize=8)
def _of_process(_pid: int, bucket: Bucket) -> BucketStore:
    return BucketStore(bucket)


def bucket_store(bucket: Bucket) -> BucketStore:
    """This process's store of that bucket: the threads of its client do not outlive a fork."""
    return _of_process(os.getpid(), bucket)
