"""Which addresses may be connected to, in every notation that carries one."""

import pytest

from torana.core.egress import is_loopback, is_refused, parse_networks

REFUSED = [
    "0.0.0.0", "0.1.2.3", "0.255.255.255",
    "169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255",
    "100.100.100.200", "168.63.129.16",
    "192.0.0.1", "192.0.0.192", "192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1",
    "224.0.0.1", "224.0.0.251", "239.255.255.250",
    "240.0.0.1", "250.1.2.3", "255.255.255.255",
    "::", "::2", "::ffff",
    "fe80::1", "fe80::1%eth0", "fe80::a9fe:a9fe", "febf::1", "fec0::1", "fec0::a9fe:a9fe", "feff::1",
    "ff02::1", "ff0e::1", "ff05::1:3",
    "fd00:ec2::254", "fd20:ce::254", "fd00:ec2::254%eth0",
    "2001:db8::1", "2001:db8:ffff::1", "3fff::1", "3fff:fff::1", "2001:10::1", "2001:20::1",
    "100::1", "200::1", "4000::1", "8000::1", "e000::1", "f000::1", "fe00::1",
    "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:0.0.0.0", "::ffff:224.0.0.1", "::ffff:255.255.255.255",
    "::ffff:169.254.169.254%eth0",
    "::ffff:0:169.254.169.254", "::ffff:0:a9fe:a9fe",
    "::169.254.169.254", "::a9fe:a9fe", "::240.0.0.1",
    "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::224.0.0.1", "64:ff9b:1::169.254.169.254",
    "64:ff9b:1:a9fe:a9:fe00::",
    "2002:a9fe:a9fe::", "2002:a9fe:a9fe::1", "2002:0:1::", "2002:e000:1::", "2002:ffff:ffff::1",
    "2001:0:a9fe:a9fe::", "2001::a9fe:a9fe:0:0", "2001:0:4136:e378:8000:63bf:5601:5601",
    "2001:0:808:808:0:0:1fff:fffe",
    "2001:db8::5efe:169.254.169.254", "2600::5efe:169.254.169.254", "2600::200:5efe:a9fe:a9fe",
    "metadata.google.internal", "localhost", "127.1", "0x7f000001", "2852039166",
]  # fmt: skip

ALLOWED = [
    "127.0.0.1", "127.255.255.254", "::1", "::1%lo",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.1.10", "100.64.0.1", "100.100.100.100",
    "8.8.8.8", "1.1.1.1", "104.18.6.192", "162.159.140.245", "223.255.255.254", "169.253.255.255", "169.255.0.1",
    "198.18.0.1",
    "fc00::1", "fd12:3456:789a::1", "fd00:ec2::253",
    "2001:4860:4860::8888", "2606:4700::1", "2a00:1450:4001::200e", "2600:1f18::1", "2001:500::1",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:10.0.0.1", "64:ff9b::8.8.8.8", "2002:808:808::1",
    "2600::5efe:8.8.8.8",
    "2001:0:808:808:0:0:f7f7:f7f7",
]  # fmt: skip

DENIED = [
    "10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "2002:a01:203::1", "2001:0:808:808:0:0:f5fe:fdfc",
    "::10.1.2.3", "2600::5efe:10.1.2.3",
    "127.0.0.1", "::1", "8.8.8.8", "fd00::1", "fd00::1%eth0",
]  # fmt: skip


def test_the_table_is_long_enough() -> None:
    assert len(REFUSED) + len(ALLOWED) + len(DENIED) >= 120


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_where_no_model_server_can_be_is_refused(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_public_private_and_loopback_addresses_are_allowed(address: str) -> None:
    assert not is_refused(address)


@pytest.mark.parametrize("address", DENIED)
def test_what_the_operator_denies_is_refused_in_every_form(address: str) -> None:
    assert is_refused(address, parse_networks("10.0.0.0/8, 127.0.0.0/8,::1/128,8.8.8.8, fd00::/8,"))


def test_the_network_that_cannot_be_read_is_named() -> None:
    assert parse_networks("") == ()
    with pytest.raises(ValueError, match=r"egress_deny: '10\.0\.0\.0/99'"):
        parse_networks("127.0.0.0/8,10.0.0.0/99")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True), ("127.255.255.254", True), ("::1", True), ("::ffff:127.0.0.1", True), ("::127.0.0.1", True),
        ("64:ff9b::7f00:1", True), ("2002:7f00:1::", True), ("::1%lo", True), ("128.0.0.1", False), ("10.0.0.1", False),
        ("2001:db8::1", False), ("fd00::1", False), ("localhost", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine_is_known_in_every_notation(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
