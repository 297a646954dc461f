"""Amazon Bedrock's Converse and ConverseStream.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and botocore's service model
`bedrock-runtime`, whose shapes the tests check requests and replies against.
"""

NAME = "bedrock_converse"
