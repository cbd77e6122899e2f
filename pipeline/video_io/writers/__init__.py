"""Writers of files from our own arrays; they never see an uploaded byte."""
