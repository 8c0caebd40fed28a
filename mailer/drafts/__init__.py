"""Forms that were begun and are kept until they are sent."""
