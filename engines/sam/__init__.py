"""The parts of the SAM 3 engine; torch and transformers load only when these functions run."""
