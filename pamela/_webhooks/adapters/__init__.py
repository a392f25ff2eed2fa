"""What differs between web frameworks when a webhook is read and answered: one adapter for each."""
