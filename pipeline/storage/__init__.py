"""Files written safely, and disk space."""
