"""How `columnar` and its process `columnar_writer` part what they send: a length, and so many bytes; 0 is the end."""

import struct

LENGTH = struct.Struct(">I")
