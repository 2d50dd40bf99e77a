"""The web layer: one blueprint per audience. Flask lives here and in `certsvc.app`, and nowhere else."""
