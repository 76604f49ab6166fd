"""The engine's session, as the native module has it; `seatrial.session` is for people."""

from typing import final

import pyarrow

@final
class Session:
    def __new__(cls) -> Session: ...
    def register(self, class_: object) -> str: ...
    def set_conf(self, key: str, value: str) -> None: ...
    def load(
        self,
        format: str | None,
        options: list[tuple[str, str | None]],
        paths: list[str],
        schema_ddl: str | None = None,
        schema_json: str | None = None,
    ) -> DataFrame: ...
    def sql(self, query: str) -> DataFrame: ...

@final
class ServerOptions:
    def __new__(
        cls,
        host: str,
        port: int,
        token: str | None = None,
        tls: tuple[str, str] | None = None,
    ) -> ServerOptions: ...

def supervise(options: ServerOptions, command: list[str], owner: int | None = None) -> int: ...
def serve(options: ServerOptions, listener: int, replaces_crashed: bool) -> int: ...

@final
class DataFrame:
    def schema_json(self) -> str: ...
    def collect(self) -> pyarrow.RecordBatchReader: ...
    def create_or_replace_temp_view(self, name: str) -> None: ...
    def explain(self) -> str: ...
