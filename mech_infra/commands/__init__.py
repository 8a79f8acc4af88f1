"""What runs on a host, each subject a module and the files beside it; components hand the texts to pulumi-command."""
