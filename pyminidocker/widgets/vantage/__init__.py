"""The vantage grid: who reaches whom by which address or name, filled by really trying."""
