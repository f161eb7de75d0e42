"""Three steps of TRL's trainers on a processor, with the files that we write. Needs torch and trl."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hitl_widgets as hitl

torch = pytest.importorskip("torch")
trl = pytest.importorskip("trl")

PROMPTS = [f"Where is parcel {i}?" for i in range(6)]
CANDIDATES = [[f"Sorry, parcel {i} is late.", f"No idea about {i}.", f"Parcel {i}?"] for i in range(6)]


def embed(items: list[str]) -> Any:
    return np.array([[len(text), text.count("Sorry")] for text in items], float)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer of the words of the texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    texts = " ".join([*PROMPTS, *(one for some in CANDIDATES for one in some), "user assistant system"])
    split = pre_tokenizers.BertPreTokenizer()
    words = ["<pad>", "<unk>", "<eos>", *sorted({word for word, _ in split.pre_tokenize_str(texts)})]
    made = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = split
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", eos_token="<eos>", bos_token="<eos>"
    )


@pytest.mark.parametrize("to", ["dpo", "reward", "kto", "sft"])
def test_three_steps_of_each_trainer(to: Any, tokenizer: Any, tmp_path: Path) -> None:
    from datasets import load_dataset
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel

    with hitl.Preferences(PROMPTS, CANDIDATES, embed=embed, store=":memory:", audit=0) as prefs:
        for id_ in prefs.session.pool.ids:
            a, b = prefs.session.item(id_)
            prefs.session.label(id_, 1 if a.count("Sorry") > b.count("Sorry") else 2)
        path = prefs.export(tmp_path / f"{to}.jsonl", to)
    data = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=128,
        pad_token_id=0, eos_token_id=2, bos_token_id=2, num_labels=1,
    )  # fmt: skip
    torch.manual_seed(0)
    if to == "reward":
        model: Any = GPT2ForSequenceClassification(config)
    else:
        model = GPT2LMHeadModel(config)
    name = {"dpo": "DPO", "reward": "Reward", "kto": "KTO", "sft": "SFT"}[to]
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    args = getattr(trl, f"{name}Config")(
        output_dir=str(tmp_path / "out"), max_steps=3, per_device_train_batch_size=2, learning_rate=1e-2,
        report_to="none", use_cpu=True, save_strategy="no", logging_steps=1, disable_tqdm=True,
        bf16=False, gradient_checkpointing=False,
    )  # fmt: skip
    trainer = getattr(trl, f"{name}Trainer")(
        model=model, args=args, train_dataset=data, processing_class=tokenizer
    )
    found = trainer.train()
    assert found.global_step == 3
    assert np.isfinite(found.training_loss)
    assert any(not torch.equal(before[n], p) for n, p in model.named_parameters())
