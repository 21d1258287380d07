"""What an event is: its columns, the names its facts go by, how a record becomes one, and spans made of events. No I/O."""
