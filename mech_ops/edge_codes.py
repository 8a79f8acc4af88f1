"""What the edge says in numbers."""

# What the edge's codes mean and where to look first (the guide's issues 1, 2 and 5).
MEANINGS = {
    502: "nginx has no answer from the container: is it running, is the upstream port right?",
    504: "the service took too long",
    520: "the origin answered with something that is not HTTP",
    521: "the origin refuses connections: is nginx running, does it listen where the SSL mode says?",
    522: "no answer from the origin: UFW or the Vultr firewall blocks 80/443",
    523: "the origin cannot be reached: does the A record have the host's address?",
    524: "the origin accepted and did not answer in time",
    525: "TLS to the origin failed: is there a certificate on 443?",
    526: "the origin's certificate is not valid: SSL mode strict needs origin-ca",
}
