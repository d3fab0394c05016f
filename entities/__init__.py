"""ODK entity lists that tablets carry."""
