// Skeletons of an emitted kernel. The text in the holes is an example that keeps this file parseable.

//@begin kernel
MLFF_KERNEL(/*@hole name*/ phase_example /*@end*/, /*@hole blocks*/ kMinBlocks /*@end*/,
            /*@hole parameters*/ const int n_atoms, const int tile_atoms,
            const int* MLFF_RESTRICT pair_begin /*@end*/) {
  /*@hole record*/
  struct alignas(16) Record {
    real ux, uy, uz, r;
    int j, row;
  };
  /*@end*/
  constexpr int kTileNumbers = /*@hole tile_numbers*/ 0 /*@end*/;     // of tile arrays, an atom
  constexpr int kSumNumbers = /*@hole deferred_numbers*/ 0 /*@end*/;  // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = /*@hole team_numbers*/ 0 /*@end*/;     // of team arrays, a pair of a batch
  constexpr int kRing = /*@hole ring*/ 0 /*@end*/;                    // reals of weights on their way
  constexpr int kTileReals = whole_quads(kTile * kTileNumbers);
  constexpr int kRecordReals = kPairChunk * (int)(sizeof(Record) / sizeof(real));
  constexpr int kTeamReals =
      whole_quads(kRecordReals + kPairChunk * kWarps * kSumNumbers + kPairBatch * kTeamNumbers + kTeamScratch);
  MLFF_SHARED(shared, kRing + kTileReals + kTeams * kTeamReals);
  [[maybe_unused]] real* const ring = shared;
  [[maybe_unused]] real* const tile = shared + kRing;
  [[maybe_unused]] Record* const record = (Record*)(tile + kTileReals + team() * kTeamReals);
  [[maybe_unused]] real* const sums = (real*)record + kRecordReals;
  [[maybe_unused]] real* const team_array = sums + kPairChunk * kWarps * kSumNumbers;
  [[maybe_unused]] real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  /*@hole body*/ (void)rows, (void)pair_begin; /*@end*/
}
//@end kernel

//@begin pairs
// Pairs of each atom of the tile, in chunks.
MLFF_EACH_ATOM(t, rows) {
  const int i = first + t;
  /*@hole accumulators*/ /*@end*/
  const int end = pair_begin[i + 1];
  for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
    const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
    MLFF_EACH_PAIR(e, count) {
      Record& p = record[e];
      /*@hole records*/ (void)p; /*@end*/
    }
    team_barrier();
    /*@hole narrow*/  /*@end*/
    /*@hole batches*/ /*@end*/
    team_barrier();
    /*@hole last*/ /*@end*/
  }
  /*@hole store*/ /*@end*/
}
block_barrier();
//@end pairs

//@begin batches
const auto batch = [&](auto size, const int p0) {
  constexpr int E = decltype(size)::value;
  Record* const pair = record + p0;
  /*@hole stages*/ /*@end*/
};
int p0 = 0;
constexpr int kBatch = /*@hole pairs_at_once*/ kPairBatch /*@end*/;
for (; p0 + kBatch <= count; p0 += kBatch) batch(Count<kBatch>(), p0);
for (; p0 < count; ++p0) batch(Count<1>(), p0);
//@end batches

//@begin atoms
MLFF_EACH_ATOM(t, rows) {
  const int i = first + t;
  (void)i;
  /*@hole loops*/ /*@end*/
}
block_barrier();
//@end atoms
