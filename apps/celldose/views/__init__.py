"""Pages of sessions and products, one module for each topic. Forms have their own pages in the kernel."""
