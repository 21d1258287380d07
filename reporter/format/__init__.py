"""Values as people read them: figures, times, and a trace as text. No figure is computed here."""
