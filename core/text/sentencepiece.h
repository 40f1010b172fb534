/* Reads a SentencePiece tokenizer.model (a protobuf ModelProto) of type BPE without protobuf: only the fields that a
   LLaMA tokenizer has, all else skipped; settings that this program does not implement (another normaliser, unigram)
   are refused by name. */
#pragma once

#include <stddef.h>

struct error;
struct vocabulary;

/* -EBADMSG with what is wrong. */
int sentencepiece_read(const void *bytes, size_t n, struct vocabulary **ret, struct error *error);
