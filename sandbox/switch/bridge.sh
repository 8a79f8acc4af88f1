#!/bin/sh
# Makes a bridge that joins its ports and in which the machine itself takes no part. Argument: NAME.
set -eu
name=$1
ip link add "$name" type bridge mcast_snooping 0
echo 1 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
echo 0 >"/proc/sys/net/ipv4/conf/$name/forwarding"
# Answer no ARP for the machine's addresses on other interfaces.
echo 8 >"/proc/sys/net/ipv4/conf/$name/arp_ignore"
ip link set "$name" up
