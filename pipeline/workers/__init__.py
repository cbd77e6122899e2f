"""Jobs in worker processes: the record of a job, who holds it, and how its result comes back."""
