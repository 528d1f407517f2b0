"""The errors a user can cause. Their text is shown as it stands, so it says what happened and what to do."""


class EvloadError(Exception):
    """The base of them. What is raised without a text of its own tells the `message` of its class."""

    message = "Something went wrong."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)
