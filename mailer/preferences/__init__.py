"""What people decide themselves behind the link of every mail: topics, a pause, their name, their data, and to go."""
