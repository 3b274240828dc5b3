"""Steps carried out: root file systems mounted in namespaces of our own, COPY and ADD into them, RUN in containers."""
