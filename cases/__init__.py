"""The living record that caseworkers keep."""
