"""Where Python starts what runs beside a call: there a run's context would be lost, or be kept for the next run."""
