"""Kinds of snapshots, and what each keeps: filled by really trying."""
