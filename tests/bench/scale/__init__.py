"""What docs/scale.md says, measured."""
