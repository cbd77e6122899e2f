"""SAM 3 and SAM 2.1; torch and transformers are imported only when a function needs them."""
