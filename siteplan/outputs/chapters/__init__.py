"""The chapters of the layout plan, as blocks: figures and tables from the plan, sentences from assets."""
