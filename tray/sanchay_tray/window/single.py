"""One window at a time: a second start hands its page to the first, which comes to the front."""

from __future__ import annotations

import hashlib
import json
import os

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from sanchay.address import Places, prepare

#: The kernel's room for a socket's path, with some left for what Qt adds to it.
PATH_MAX = 90
WAIT_MS = 2000


class Single(QObject):
    """Holds the place of the one window of a home; `called` says which page another start asks for, and what on it."""

    called = Signal(str, str)

    def __init__(self, where: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        prepare(where)
        self._name = server_name(where)
        self._lock = QLockFile(str(where.run_folder / "window.lock"))
        self._lock.setStaleLockTime(0)  # only a process that is gone loses it
        self._server: QLocalServer | None = None

    def take(self) -> bool:
        """Whether this process is the window now; from then on it hears of other starts."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._name)  # of a window that was killed
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        self._server.listen(self._name)
        return True

    def call(self, page: str, select: str) -> bool:
        """Has the window that runs show a page; False where it does not answer."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(WAIT_MS):
            return False
        socket.write(json.dumps({"page": page, "select": select}).encode() + b"\n")
        return socket.waitForBytesWritten(WAIT_MS) and socket.waitForReadyRead(WAIT_MS)

    def release(self) -> None:
        """Gives the place up."""
        if self._server is not None:
            self._server.close()
        self._lock.unlock()

    def _connected(self) -> None:
        if self._server is None:
            return
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            return
        try:
            asked = json.loads(bytes(socket.readLine().data()))
            page, select = str(asked["page"]), str(asked["select"])
        except (ValueError, KeyError, TypeError):
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.called.emit(page, select)


def server_name(where: Places) -> str:
    """Where the window of a home hears of other starts: a socket in the run folder, where its path is short enough."""
    path = str(where.run_folder / "window.sock")
    if os.name != "nt" and len(os.fsencode(path)) <= PATH_MAX:
        return path
    return "sanchay-window-" + hashlib.sha256(os.fsencode(where.data_folder)).hexdigest()[:16]
