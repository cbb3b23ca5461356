"""What the live screen's instruments show, as plain values: measured, diagnosed, folded and worded. No widgets."""
