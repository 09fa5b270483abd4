"""What the data of genai-prices does not say about providers and names; each line written, and checked, by hand."""

#: Makers of models, whose cards are list prices.
MAKERS = frozenset({
    "anthropic", "cohere", "deepseek", "elevenlabs", "google", "meta", "minimax", "mistral", "moonshotai", "openai",
    "perplexity", "typesafe", "voyageai", "x-ai", "zai",
})  # fmt: skip

#: How the ids begin that a maker sells for somebody else.
RESOLD = {
    "google": ("claude-",),
    "mistral": ("deepseek-", "zai-"),
    "perplexity": ("perplexity/deepseek-", "perplexity/glm-", "perplexity/kimi-", "perplexity/nemotron-"),
}

#: Names in full that the data matches by how they begin: name -> the model's id.
MORE_NAMES = {
    "anthropic": {
        "claude-3-haiku-20240307": "claude-3-haiku",
        "claude-3-sonnet-20240229": "claude-3-sonnet",
        "claude-3-opus-20240229": "claude-3-opus-latest",
        "claude-3-opus": "claude-3-opus-latest",
        "claude-3-5-sonnet-20240620": "claude-3-5-sonnet",
        "claude-3-5-sonnet-20241022": "claude-3-5-sonnet",
        "claude-3-5-sonnet-latest": "claude-3-5-sonnet",
        "claude-3-5-haiku-20241022": "claude-3-5-haiku-latest",
        "claude-3-5-haiku": "claude-3-5-haiku-latest",
        "claude-3-7-sonnet-20250219": "claude-3-7-sonnet-latest",
        "claude-3-7-sonnet": "claude-3-7-sonnet-latest",
        "claude-4-sonnet": "claude-sonnet-4-0",
        "claude-sonnet-4-20250514": "claude-sonnet-4-0",
        "claude-4-opus": "claude-opus-4-0",
        "claude-opus-4-20250514": "claude-opus-4-0",
        "claude-opus-4-1-20250805": "claude-opus-4-1",
        "claude-sonnet-4-5-20250929": "claude-sonnet-4-5",
        "claude-haiku-4-5-20251001": "claude-haiku-4-5",
        "claude-opus-4-5-20251101": "claude-opus-4-5",
    },
}

PROVIDER_NOTES = {
    "azure": ("Prices of the Global deployments; those of a region may be higher.",),
    "minimax": ("Some older models' prices were worked out from prices in yuan.",),
    "zhipuai": ("Worked out from prices in yuan at one fixed rate, so no published dollar prices.",),
}
