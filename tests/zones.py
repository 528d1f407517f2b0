"""Time zones whose clocks change in different ways, and days on which clocks change."""

from datetime import datetime

# Havana's clock goes back from one to midnight, so that a day begins twice; Lord Howe's goes back by half an hour.
ZONES = ("Europe/Oslo", "America/Havana", "Australia/Lord_Howe")
CHANGES = (datetime(2024, 3, 10), datetime(2024, 4, 6), datetime(2024, 10, 27), datetime(2024, 11, 3))
