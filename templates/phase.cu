// Skeletons of an emitted kernel. The text in the holes is an example that keeps this file parseable.

//@begin kernel
MLFF_KERNEL(/*@hole name*/ phase_example /*@end*/,
            /*@hole parameters*/ const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin /*@end*/) {
  constexpr int kTileNumbers = /*@hole tile_numbers*/ 0 /*@end*/;  // of tile arrays, an atom
  constexpr int kTeamNumbers = /*@hole team_numbers*/ 0 /*@end*/;  // of team arrays, a pair
  constexpr int kTeamReals = kPairBatch * kTeamNumbers + kTeamScratch;
  MLFF_SHARED(shared, kTile * kTileNumbers + kTeams * kTeamReals);
  real* const tile = shared;
  real* const team_array = shared + kTile * kTileNumbers + team() * kTeamReals;
  real* const scratch = team_array + kPairBatch * kTeamNumbers;
  const int first = block_index() * tile_atoms;
  const int rows = n_atoms - first < tile_atoms ? n_atoms - first : tile_atoms;
  (void)tile, (void)scratch;
  /*@hole body*/ (void)rows, (void)pair_begin; /*@end*/
}
//@end kernel

//@begin pairs
// Pairs of each atom of the tile.
MLFF_EACH_ATOM(t, rows) {
  const int i = first + t;
  /*@hole accumulators*/ /*@end*/
  const auto pairs = [&](auto batch, const int q0) {
    constexpr int E = decltype(batch)::value;
    /*@hole geometry*/ /*@end*/
    /*@hole stages*/ /*@end*/
  };
  const int end = pair_begin[i + 1];
  int q = pair_begin[i];
  for (; q + kPairBatch <= end; q += kPairBatch) pairs(Count<kPairBatch>(), q);
  for (; q < end; ++q) pairs(Count<1>(), q);
  /*@hole store*/ /*@end*/
}
block_barrier();
//@end pairs

//@begin atoms
MLFF_EACH_ATOM(t, rows) {
  const int i = first + t;
  (void)i;
  /*@hole loops*/ /*@end*/
}
block_barrier();
//@end atoms
