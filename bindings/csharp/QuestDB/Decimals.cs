namespace QuestDB
{
    /// <summary>A decimal as an integer of 128 bits over a power of ten.</summary>
    internal struct Decimals
    {
        internal Decimals(decimal value)
        {
            var bits = decimal.GetBits(value); // 96 bits from the lowest, then scale and sign
            Scale = (uint)(bits[3] >> 16) & 0xFF;
            Low = (uint)bits[0] | ((ulong)(uint)bits[1] << 32);
            High = (uint)bits[2];
            if (bits[3] < 0)
            {
                Low = unchecked(~Low + 1);
                High = ~High + (Low == 0 ? 1 : 0);
            }
        }

        internal uint Scale { get; }

        internal long High { get; }

        internal ulong Low { get; }

        /// <summary>Big-endian two's complement.</summary>
        internal byte[] ToBytes()
        {
            var bytes = new byte[16];
            for (var i = 0; i < 8; i++)
            {
                bytes[7 - i] = (byte)(High >> (8 * i));
                bytes[15 - i] = (byte)(Low >> (8 * i));
            }
            return bytes;
        }
    }
}
