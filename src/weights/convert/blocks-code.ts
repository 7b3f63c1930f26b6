/** The code of gguf/blocks.wat: quantised blocks to fp16 in one go, in a slab's memory. */

/** blocks.wat, assembled, as Brotli (test/weights/slab.test.ts holds the two together). */
export const BLOCKS_BASE64 =
  "G8YIIC4KbGPk6FHMRYbv0uIpnzkWFvK/bOpfuDtJa1iH8K1Pk4pJP4wd0QYFQY1mr00H2JTUJy5Kj5s+Nf9xELgxBQStOjueLQL+79w/vj8aJmHzvYmvhYqkwmZYBbarNbW3H2LhEhkjgY0CFBKYXRRhGVWFI1WhyAEL2alwFa6yTtaYaKyNEVYfPeXp5+lK974iIrVsLqukBpdNv5/osu2PEZ06D3VPq3TZpJRU0ktkbjx4khOQ1USCF4rutc6V3rXbJpEZHvqJyH7wHbQDtYdMur4SpPWU14rlnTWeQaPsqc2XVlNxB+uxGvsI1WEDasDGj7rGz9Gh/Uol0CpSIMjVb7a77H7bykChSpmmXSjK9PTNw73ve4iqp+/A/vGrPrmLSvdBEocCJAmGUJLLD8op1JJUoAC/jQMChDi/+nZyQCkYZapBwXVIjmysXsIL8DslCkBUvnv1nTRap6Jf2rBKhV1WOCWCIIB1LwZjWtACFAzztfhyp7CQY6FlCuM5JJpoZKQLBI7sXfAQ/MYhcxhszDsuiyWjP2fj1L9w0j5SFZcJOdlIXbAjVMGMmtjBFt04/s8QwcxPlDj5B2QgjAinTV403MjojDdn7oKFS5aKswSyj0FBjBg0hDo0TA6raeymcJrldmI/qWmxKDXLnaQy/JYDl4dElTO2xWnUlSUKuaj66Lwad5iPH5ulRCAVVRFejR9mYnRbqRIIZNOOgQAoriAKBbI9ZFswvKs96oAVqEFPeLQNw/kTtr2Ou6BVUn1vAZDH732QPPIQ/j4IaLiE5yM24wGeQPSKAe0L6juCBng8cxtfsz7uo9Iq6bRFzrB/OduNHpqECdYSEpXj0rAVL8hqyyZkBucXsYcGtnyHXiln7TKs4/2dYQpdIoxpQf6ijciZfH97Jy80kI5gMw4QjKgnnPViqA1/2mbdC3UsAf/VxavuGBq4GK+AEsBWRY++HapUDAWaLeTeWuUKXOmq0ypr2ZaZlf7Qc/5ZibfaR8yg/HpsxRH0h7WpLuVn963EJMD6cyjsM/ulNg01yFJHmsryJMkDQ6BHMjZPQoFwEzFtmwWGpCiyLmN70QW2FKuhrEWAsCKdRveqC/VopRDsVXm71YcVZwkC1lbyGQCJy2mCX9/JQ+6JHrk5wuoKGcKeDWFT";

/** The encodings that the code knows, by their names in a GGUF file. */
export const BLOCK_CODES = ["Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K"] as const;
/** One of them. */
export type BlockCode = (typeof BLOCK_CODES)[number];

/** Whether the code knows an encoding. */
export const isBlockCode = (name: string): name is BlockCode => (BLOCK_CODES as readonly string[]).includes(name);

/** Bytes of memory that the code works in. */
export const BLOCK_SCRATCH = 1024;

/** What the assembled code exports; -1 where it cannot tell. */
export type BlockExports = Readonly<Record<BlockCode, (from: number, blocks: number, to: number) => number>> & {
  readonly worst: { readonly value: number };
};
