"""How large a form may be and how much work it may cost."""

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bytes, rows and seconds; the defaults carry a form of 5,000 questions and refuse what is made to do harm."""

    file_bytes: int = 5 * MB
    unpacked_bytes: int = 64 * MB
    members: int = 200
    rows: int = 5_000
    choices: int = 20_000
    columns: int = 500
    memory_bytes: int = 512 * MB  # of address space, for the child that reads and compiles
    cpu_seconds: int = 15
    wall_seconds: float = 18
    output_bytes: int = 16 * MB
    validate_cpu_seconds: int = 6  # ODK Validate runs in a Java machine of its own
    validate_questions: int = 2_500  # more than it can judge in that time: its work grows with their square
    validate_wall_seconds: float = 18
    elements: int = 400_000  # of an XForm that was not compiled here
    depth: int = 50  # groups inside groups
    repeats: int = 1_000  # rows that a constant repeat_count may ask for

    def rows_of(self, sheet: str) -> int:
        """How many rows a sheet of this name may hold."""
        return self.choices if sheet in ("choices", "external_choices") else self.rows


DEFAULT = Limits()
