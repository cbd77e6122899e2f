"""From an uploaded clip to finished files: sessions, selection, jobs, rendering; no model code and no page."""
