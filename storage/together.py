"""SQLite takes one writer at a time: a gate that is fair, and acts that wait for it are committed together."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")
Turn = Callable[[], AbstractContextManager[float]]
Begin = Callable[[float], AbstractContextManager[Session]]


class Gate:
    """A lock that is given to whoever has waited longest; the interpreter's own may go to the same one again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @property
    def busy(self) -> bool:
        """True while somebody is in."""
        return self._taken

    @contextmanager
    def passed(self, patience: float) -> Iterator[bool]:
        """True once nobody else is in; False when that took longer than so many seconds."""
        entered = self._enter(patience)
        try:
            yield entered
        finally:
            if entered:
                self._leave()

    def _enter(self, patience: float) -> bool:
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if turn.acquire(timeout=patience):
            return True
        with self._lock:
            if turn not in self._waiting:
                return True  # It became ours at the last moment.
            self._waiting.remove(turn)
            return False

    def _leave(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class _Asked:
    """An act, and what became of it."""

    def __init__(self, act: Callable[[Session], Any], error: Exception) -> None:
        """`error` stands until it is known to have gone otherwise."""
        self.act = act
        self._unknown = error
        self.done = threading.Event()
        self.result: Any = None
        self.error: Exception | None = error

    @property
    def unheard(self) -> bool:
        """True until it is known what became of the act."""
        return self.error is self._unknown

    def answer(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class Together:
    """Whoever comes first waits for the gate, and does what the others who came meanwhile ask for in one transaction.

    An act that raises undoes the transaction, after which each of them is done in one of its own.
    """

    def __init__(self, turn: Turn, begin: Begin, unavailable: type[Exception]) -> None:
        """`turn` waits for the gate and `begin` writes behind it; both raise `unavailable` when they cannot."""
        self._turn, self._begin, self._unavailable = turn, begin, unavailable
        self._lock = threading.Lock()
        self._asked: list[_Asked] = []

    def do(self, act: Callable[[Session], T]) -> T:
        """What the act returned, after the commit; raises what it raised, or what `turn` and `begin` raise."""
        mine = _Asked(act, self._unavailable("another's transaction broke off"))
        with self._lock:
            self._asked.append(mine)
            first = len(self._asked) == 1
        if first:
            self._lead()
        else:
            mine.done.wait()
        result: T = mine.answer()
        return result

    def _lead(self) -> None:
        asked: list[_Asked] = []
        try:
            with self._turn() as patience:
                asked = self._take()
                self._commit(asked, patience)
        except self._unavailable as error:
            asked = asked or self._take()
            _refuse(asked, error)
        finally:
            for one in asked or self._take():
                one.done.set()

    def _take(self) -> list[_Asked]:
        with self._lock:
            asked, self._asked = self._asked, []
        return asked

    def _commit(self, asked: Sequence[_Asked], patience: float) -> None:
        try:
            with self._begin(patience) as session:
                for one in asked:
                    one.result = one.act(session)
        except self._unavailable:
            raise
        except Exception as error:  # noqa: BLE001  Whoever asked is told.
            if len(asked) == 1:
                asked[0].error = error
                return
            for one in asked:
                self._commit([one], patience)
        else:
            for one in asked:
                one.error = None


def _refuse(asked: Sequence[_Asked], error: Exception) -> None:
    """Those whose act has no answer yet are told, each by an exception of its own that knows where it was raised."""
    for one in asked:
        if one.unheard:
            one.error = type(error)(*error.args)
