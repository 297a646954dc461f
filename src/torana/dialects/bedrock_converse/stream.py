"""ConverseStream's binary event stream. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html"""

from torana.dialects.bedrock_converse.stream_in import Decoder
from torana.dialects.bedrock_converse.stream_out import Encoder

__all__ = ["Decoder", "Encoder"]
