"""`tiffin --address SOCKET system`: what a namespace of a manager stores: checked, counted, cleaned up."""
