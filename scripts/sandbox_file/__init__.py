"""The sandbox as one file, `build/pamela-sandbox.pyz`, that any Python from 3.11 on runs without installing anything."""
