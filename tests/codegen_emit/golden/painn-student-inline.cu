MLFF_KERNEL(phase_0, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, const real* MLFF_RESTRICT c0, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c5, const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7,
            const real* MLFF_RESTRICT c8, const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT c10,
            const real* MLFF_RESTRICT c11, const real* MLFF_RESTRICT c12, const real* MLFF_RESTRICT c13,
            real* MLFF_RESTRICT b0, real* MLFF_RESTRICT b1, real* MLFF_RESTRICT b2, real* MLFF_RESTRICT b3,
            real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b5) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    int j, row;
  };
  constexpr int kTileNumbers = 24;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 8;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
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
  fetch_ahead(ring, first_steps<8, 8, 1>(c0));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a28[slots<8>()] = {};
    real a31x[slots<8>()] = {};
    real a31y[slots<8>()] = {};
    real a31z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        p.v15 = v15;
        p.v20 = v20;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        p.v16[f] = v16;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v22[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v22[e] = c3[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c4[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v22[e] += pair[e].v16[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v23 = m_silu(v22[e]);
            team_array[0 * kPairBatch + e * 8 + f] = v23;
          }
        }
        team_barrier();
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v24[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] = c5[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c6[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v24[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v25[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v25[e] = c8[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c9[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v25[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v26 = c7[row_of(element[p.j], 8) + f];
            const real v27 = v24[e] * v26;
            const real v20 = p.v20;
            const real v29 = v20 * v25[e];
            const real v30x = p.ux * v29;
            const real v30y = p.uy * v29;
            const real v30z = p.uz * v29;
            a28[c] += v27;
            a31x[c] += v30x;
            a31y[c] += v30y;
            a31z[c] += v30z;
          }
        }
        team_barrier();
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a28[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      b0[row_of(i, 24) + f] = a31x[c];
      b0[row_of(i, 24) + 8 + f] = a31y[c];
      b0[row_of(i, 24) + 16 + f] = a31z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v0 = c7[row_of(element[i], 8) + f];
      const real v28 = tile[0 * kTile + t * 8 + f];
      const real v32 = v0 + v28;
      const real v31x = b0[row_of(i, 24) + f];
      const real v31y = b0[row_of(i, 24) + 8 + f];
      const real v31z = b0[row_of(i, 24) + 16 + f];
      const real v33 = v31x * v31x + v31y * v31y + v31z * v31z;
      const real v34 = m_sqrt(v33);
      tile[0 * kTile + t * 8 + f] = v32;
      tile[8 * kTile + t * 8 + f] = v34;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c0, c10, false, ring, first_steps<8, 8, 1>(c11),
                       tile + 16 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 8 * kTile), c11, nullptr, true, ring, first_steps<8, 8, 3>(c12),
                       tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v35 = tile[16 * kTile + t * 8 + f];
      const real v36 = m_silu(v35);
      const real v120 = m_sigmoid(v35);
      const real v121 = -v120;
      const real v122 = 1.0f + v121;
      const real v123 = v35 * v122;
      const real v124 = 1.0f + v123;
      const real v125 = v120 * v124;
      tile[8 * kTile + t * 8 + f] = v36;
      b5[row_of(i, 8) + f] = v125;
    }
  }
  block_barrier();
  linear_tile<8, 8, 3>(rows, in_shared(tile + 8 * kTile), c12, c13, false, ring, no_steps(), b1 + row_of(first, 8),
                       b2 + row_of(first, 8), tile + 16 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v32 = tile[0 * kTile + t * 8 + f];
      const real v39 = tile[16 * kTile + t * 8 + f];
      const real v40 = v32 + v39;
      const real v31x = b0[row_of(i, 24) + f];
      const real v31y = b0[row_of(i, 24) + 8 + f];
      const real v31z = b0[row_of(i, 24) + 16 + f];
      const real v37 = b1[row_of(i, 8) + f];
      const real v41x = v31x * v37;
      const real v41y = v31y * v37;
      const real v41z = v31z * v37;
      const real v38 = b2[row_of(i, 8) + f];
      const real v42x = 0.484821283f * v31x + 0.204203539f * v31y + 0.654162232f * v31z;
      const real v42y = (-0.248573005f) * v31x + 0.365251871f * v31y + (-0.879563111f) * v31z;
      const real v42z = (-0.413928028f) * v31x + 0.790083147f * v31y + 0.165228596f * v31z;
      const real v43x = v38 * v42x;
      const real v43y = v38 * v42y;
      const real v43z = v38 * v42z;
      const real v44x = v41x + v43x;
      const real v44y = v41y + v43y;
      const real v44z = v41z + v43z;
      b3[row_of(i, 8) + f] = v40;
      b4[row_of(i, 24) + f] = v44x;
      b4[row_of(i, 24) + 8 + f] = v44y;
      b4[row_of(i, 24) + 16 + f] = v44z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_1, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT atom_energy, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c14, const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16,
            const real* MLFF_RESTRICT c17, const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19,
            const real* MLFF_RESTRICT c20, const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22,
            const real* MLFF_RESTRICT c23, const real* MLFF_RESTRICT c24, const real* MLFF_RESTRICT c25,
            const real* MLFF_RESTRICT c26, const real* MLFF_RESTRICT c27, const real* MLFF_RESTRICT c28,
            const real* MLFF_RESTRICT c29, const real* MLFF_RESTRICT c30, const real* MLFF_RESTRICT c31,
            const real* MLFF_RESTRICT c32, const real* MLFF_RESTRICT c33, const real* MLFF_RESTRICT c34,
            const real* MLFF_RESTRICT c35, const real* MLFF_RESTRICT c36, const real* MLFF_RESTRICT b3,
            const real* MLFF_RESTRICT b4, real* MLFF_RESTRICT b6, real* MLFF_RESTRICT b7) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    int j, row;
  };
  constexpr int kTileNumbers = 64;   // of tile arrays, an atom
  constexpr int kSumNumbers = 0;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 8;    // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
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
  fetch_ahead(ring, first_steps<8, 8, 1>(c14));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a52[slots<8>()] = {};
    real a58x[slots<8>()] = {};
    real a58y[slots<8>()] = {};
    real a58z[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        p.v15 = v15;
        p.v20 = v20;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        p.v16[f] = v16;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v45[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v45[e] = c15[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c16[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v45[e] += pair[e].v16[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v46 = m_silu(v45[e]);
            team_array[0 * kPairBatch + e * 8 + f] = v46;
          }
        }
        team_barrier();
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v47[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v47[e] = c17[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c18[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v47[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v48[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v48[e] = c19[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c20[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v48[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v49[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v49[e] = c21[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c22[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v49[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v50 = b3[row_of(p.j, 8) + f];
            const real v51 = v47[e] * v50;
            const real v53x = b4[row_of(p.j, 24) + f];
            const real v53y = b4[row_of(p.j, 24) + 8 + f];
            const real v53z = b4[row_of(p.j, 24) + 16 + f];
            const real v54x = v48[e] * v53x;
            const real v54y = v48[e] * v53y;
            const real v54z = v48[e] * v53z;
            const real v20 = p.v20;
            const real v55 = v20 * v49[e];
            const real v56x = p.ux * v55;
            const real v56y = p.uy * v55;
            const real v56z = p.uz * v55;
            const real v57x = v54x + v56x;
            const real v57y = v54y + v56y;
            const real v57z = v54z + v56z;
            a52[c] += v51;
            a58x[c] += v57x;
            a58y[c] += v57y;
            a58z[c] += v57z;
          }
        }
        team_barrier();
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[0 * kTile + t * 8 + f] = a52[c]; }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[8 * kTile + t * 24 + f] = a58x[c];
      tile[8 * kTile + t * 24 + 8 + f] = a58y[c];
      tile[8 * kTile + t * 24 + 16 + f] = a58z[c];
    }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v40 = b3[row_of(i, 8) + f];
      const real v52 = tile[0 * kTile + t * 8 + f];
      const real v60 = v40 + v52;
      const real v44x = b4[row_of(i, 24) + f];
      const real v44y = b4[row_of(i, 24) + 8 + f];
      const real v44z = b4[row_of(i, 24) + 16 + f];
      const real v58x = tile[8 * kTile + t * 24 + f];
      const real v58y = tile[8 * kTile + t * 24 + 8 + f];
      const real v58z = tile[8 * kTile + t * 24 + 16 + f];
      const real v59x = v44x + v58x;
      const real v59y = v44y + v58y;
      const real v59z = v44z + v58z;
      const real v61 = v59x * v59x + v59y * v59y + v59z * v59z;
      const real v62 = m_sqrt(v61);
      tile[0 * kTile + t * 8 + f] = v60;
      tile[32 * kTile + t * 8 + f] = v61;
      tile[40 * kTile + t * 8 + f] = v62;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 0 * kTile), c14, c23, false, ring, first_steps<8, 8, 1>(c24),
                       tile + 48 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c24, nullptr, true, ring, first_steps<8, 8, 1>(c25),
                       tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v63 = tile[48 * kTile + t * 8 + f];
      const real v64 = m_silu(v63);
      tile[40 * kTile + t * 8 + f] = v64;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c25, c26, false, ring, first_steps<8, 6, 1>(c27),
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v60 = tile[0 * kTile + t * 8 + f];
      const real v65 = tile[56 * kTile + t * 8 + f];
      const real v66 = v60 + v65;
      tile[0 * kTile + t * 8 + f] = v66;
    }
  }
  block_barrier();
  linear_tile<8, 6, 1>(rows, in_shared(tile + 0 * kTile), c27, c28, false, ring, first_steps<6, 4, 1>(c29),
                       tile + 40 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 6) {
      const real v67 = tile[40 * kTile + t * 6 + f];
      const real v68 = m_silu(v67);
      tile[0 * kTile + t * 6 + f] = v68;
    }
  }
  block_barrier();
  linear_tile<6, 4, 1>(rows, in_shared(tile + 0 * kTile), c29, c30, false, ring, first_steps<4, 1, 1>(c31),
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 4) {
      const real v69 = tile[56 * kTile + t * 4 + f];
      const real v70 = m_silu(v69);
      const real v73 = c32[f];
      const real v74 = m_sigmoid(v69);
      const real v75 = -v74;
      const real v76 = 1.0f + v75;
      const real v77 = v69 * v76;
      const real v78 = 1.0f + v77;
      const real v79 = v74 * v78;
      const real v80 = v73 * v79;
      tile[0 * kTile + t * 4 + f] = v70;
      tile[4 * kTile + t * 4 + f] = v80;
    }
  }
  block_barrier();
  linear_tile<4, 1, 1>(rows, in_shared(tile + 0 * kTile), c31, nullptr, false, ring, first_steps<4, 6, 1>(c33),
                       tile + 46 * kTile);
  linear_tile<4, 6, 1>(rows, in_shared(tile + 4 * kTile), c33, nullptr, false, ring, first_steps<6, 8, 1>(c34),
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 6) {
      const real v81 = tile[56 * kTile + t * 6 + f];
      const real v67 = tile[40 * kTile + t * 6 + f];
      const real v82 = m_sigmoid(v67);
      const real v83 = -v82;
      const real v84 = 1.0f + v83;
      const real v85 = v67 * v84;
      const real v86 = 1.0f + v85;
      const real v87 = v82 * v86;
      const real v88 = v81 * v87;
      tile[0 * kTile + t * 6 + f] = v88;
    }
    MLFF_EACH_CHANNEL(c, f, 1) {
      const real v71 = tile[46 * kTile + t * 1];
      atom_energy[i] = v71;
    }
  }
  block_barrier();
  linear_tile<6, 8, 1>(rows, in_shared(tile + 0 * kTile), c34, nullptr, false, ring, first_steps<8, 8, 1>(c35),
                       tile + 40 * kTile);
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c35, nullptr, false, ring, first_steps<8, 8, 2>(c36),
                       tile + 0 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v90 = tile[0 * kTile + t * 8 + f];
      const real v63 = tile[48 * kTile + t * 8 + f];
      const real v91 = m_sigmoid(v63);
      const real v92 = -v91;
      const real v93 = 1.0f + v92;
      const real v94 = v63 * v93;
      const real v95 = 1.0f + v94;
      const real v96 = v91 * v95;
      const real v97 = v90 * v96;
      tile[0 * kTile + t * 8 + f] = v97;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 0 * kTile), c36, nullptr, false, ring, no_steps(), tile + 48 * kTile,
                       tile + 56 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v89 = tile[40 * kTile + t * 8 + f];
      const real v98 = tile[48 * kTile + t * 8 + f];
      const real v99 = v89 + v98;
      const real v44x = b4[row_of(i, 24) + f];
      const real v44y = b4[row_of(i, 24) + 8 + f];
      const real v44z = b4[row_of(i, 24) + 16 + f];
      const real v58x = tile[8 * kTile + t * 24 + f];
      const real v58y = tile[8 * kTile + t * 24 + 8 + f];
      const real v58z = tile[8 * kTile + t * 24 + 16 + f];
      const real v59x = v44x + v58x;
      const real v59y = v44y + v58y;
      const real v59z = v44z + v58z;
      const real v100 = tile[56 * kTile + t * 8 + f];
      const real v61 = tile[32 * kTile + t * 8 + f];
      const real v101 = m_rsqrt(v61);
      const real v102 = 0.5f * v101;
      const real v103 = v100 * v102;
      const real v104x = v59x * v103;
      const real v104y = v59y * v103;
      const real v104z = v59z * v103;
      const real v105x = v104x + v104x;
      const real v105y = v104y + v104y;
      const real v105z = v104z + v104z;
      b6[row_of(i, 8) + f] = v99;
      b7[row_of(i, 24) + f] = v105x;
      b7[row_of(i, 24) + 8 + f] = v105y;
      b7[row_of(i, 24) + 16 + f] = v105z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_2, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT pair_begin,
            const int* MLFF_RESTRICT pair_neighbour, const real* MLFF_RESTRICT pair_geometry,
            real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1, const real* MLFF_RESTRICT c2,
            const real* MLFF_RESTRICT c15, const real* MLFF_RESTRICT c16, const real* MLFF_RESTRICT c17,
            const real* MLFF_RESTRICT c18, const real* MLFF_RESTRICT c19, const real* MLFF_RESTRICT c20,
            const real* MLFF_RESTRICT c21, const real* MLFF_RESTRICT c22, const real* MLFF_RESTRICT c37,
            const real* MLFF_RESTRICT c38, const real* MLFF_RESTRICT c39, const real* MLFF_RESTRICT c40,
            const real* MLFF_RESTRICT b0, const real* MLFF_RESTRICT b1, const real* MLFF_RESTRICT b2,
            const real* MLFF_RESTRICT b3, const real* MLFF_RESTRICT b4, const real* MLFF_RESTRICT b5,
            const real* MLFF_RESTRICT b6, const real* MLFF_RESTRICT b7, real* MLFF_RESTRICT b8,
            real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    real v139;
    real v148[9];
    real v163;
    int j, row;
  };
  constexpr int kTileNumbers = 56;   // of tile arrays, an atom
  constexpr int kSumNumbers = 4;     // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 16;   // of team arrays, a pair of a batch
  constexpr int kRing = kRingReals;  // reals of weights on their way
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
  fetch_ahead(ring, first_steps<8, 8, 1>(c37));
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    real a108x[slots<8>()] = {};
    real a108y[slots<8>()] = {};
    real a108z[slots<8>()] = {};
    real a112[slots<8>()] = {};
    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        const real v137 = m_sin(v10);
        const real v138 = 0.628318531f * v137;
        const real v139 = 0.5f * v138;
        const real v160 = power<2>(v19);
        const real v161 = p.r * v160;
        const real v162 = -v161;
        const real v163 = v19 + v162;
        p.v15 = v15;
        p.v20 = v20;
        p.v139 = v139;
        p.v163 = v163;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        const real v139 = p.v139;
        const real v140 = v8 * v139;
        const real v141 = -v140;
        const real v143 = v5 * 2.0f;
        const real v144 = v4 * v143;
        const real v145 = v8 * v144;
        const real v146 = v15 * v145;
        const real v147 = -v146;
        const real v148 = v141 + v147;
        p.v16[f] = v16;
        p.v148[f] = v148;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v45[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v45[e] = c15[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c16[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v45[e] += pair[e].v16[k] * w;
          }
          real v166[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v166[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c16[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v166[e] += pair[e].v148[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v46 = m_silu(v45[e]);
            const real v167 = m_sigmoid(v45[e]);
            const real v168 = -v167;
            const real v169 = 1.0f + v168;
            const real v170 = v45[e] * v169;
            const real v171 = 1.0f + v170;
            const real v172 = v167 * v171;
            const real v173 = v166[e] * v172;
            team_array[0 * kPairBatch + e * 8 + f] = v46;
            team_array[8 * kPairBatch + e * 8 + f] = v173;
          }
        }
        team_barrier();
        real part1[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v40 = b3[row_of(i, 8) + f];
          const real v44x = b4[row_of(i, 24) + f];
          const real v44y = b4[row_of(i, 24) + 8 + f];
          const real v44z = b4[row_of(i, 24) + 16 + f];
          real v48[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v48[e] = c19[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c20[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v48[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v47[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v47[e] = c17[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c18[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v47[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v176[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v176[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c22[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v176[e] += team_array[8 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v49[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v49[e] = c21[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c22[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v49[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v174[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v174[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c18[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v174[e] += team_array[8 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v175[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v175[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c20[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v175[e] += team_array[8 * kPairBatch + e * 8 + 0 + k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v106x = b7[row_of(p.j, 24) + f];
            const real v106y = b7[row_of(p.j, 24) + 8 + f];
            const real v106z = b7[row_of(p.j, 24) + 16 + f];
            const real v107x = v48[e] * v106x;
            const real v107y = v48[e] * v106y;
            const real v107z = v48[e] * v106z;
            const real v110 = b6[row_of(p.j, 8) + f];
            const real v111 = v47[e] * v110;
            const real v20 = p.v20;
            const real v177 = v20 * v176[e];
            const real v163 = p.v163;
            const real v178 = v49[e] * v163;
            const real v179 = v177 + v178;
            const real v181 = p.ux * v106x + p.uy * v106y + p.uz * v106z;
            const real v182 = v179 * v181;
            const real v183 = -v182;
            const real v185 = v110 * v174[e];
            const real v186 = v40 * v185;
            const real v190 = v183 + v186;
            const real v188 = v106x * v44x + v106y * v44y + v106z * v44z;
            const real v189 = v175[e] * v188;
            const real v191 = v190 + v189;
            const real v55 = v20 * v49[e];
            const real v195x = v55 * v106x;
            const real v195y = v55 * v106y;
            const real v195z = v55 * v106z;
            a108x[c] += v107x;
            a108y[c] += v107y;
            a108z[c] += v107z;
            a112[c] += v111;
            part1[e * 4 + 0] += v191;
            part1[e * 4 + 1] += v195x;
            part1[e * 4 + 2] += v195y;
            part1[e * 4 + 3] += v195z;
          }
        }
        team_barrier();
        leave_sums<4>(sums, p0, part1);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v192 = left_sum<4>(sums, e, 0);
        const real v196x = left_sum<4>(sums, e, 1);
        const real v196y = left_sum<4>(sums, e, 2);
        const real v196z = left_sum<4>(sums, e, 3);
        const real v193x = p.ux * v192;
        const real v193y = p.uy * v192;
        const real v193z = p.uz * v192;
        const real v194x = -v193x;
        const real v194y = -v193y;
        const real v194z = -v193z;
        const real v180 = m_reciprocal(p.r);
        const real v197 = p.ux * v196x + p.uy * v196y + p.uz * v196z;
        const real v198x = p.ux * v197;
        const real v198y = p.uy * v197;
        const real v198z = p.uz * v197;
        const real v199x = -v198x;
        const real v199y = -v198y;
        const real v199z = -v198z;
        const real v200x = v196x + v199x;
        const real v200y = v196y + v199y;
        const real v200z = v196z + v199z;
        const real v201x = v180 * v200x;
        const real v201y = v180 * v200y;
        const real v201z = v180 * v200z;
        const real v202x = v194x + v201x;
        const real v202y = v194y + v201y;
        const real v202z = v194z + v201z;
        pair_gradient[row_of(q, 3)] = v202x;
        pair_gradient[row_of(q, 3) + 1] = v202y;
        pair_gradient[row_of(q, 3) + 2] = v202z;
      }
    }
    MLFF_EACH_CHANNEL(c, f, 8) {
      tile[0 * kTile + t * 24 + f] = a108x[c];
      tile[0 * kTile + t * 24 + 8 + f] = a108y[c];
      tile[0 * kTile + t * 24 + 16 + f] = a108z[c];
    }
    MLFF_EACH_CHANNEL(c, f, 8) { tile[24 * kTile + t * 8 + f] = a112[c]; }
  }
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v99 = b6[row_of(i, 8) + f];
      const real v112 = tile[24 * kTile + t * 8 + f];
      const real v113 = v99 + v112;
      const real v31x = b0[row_of(i, 24) + f];
      const real v31y = b0[row_of(i, 24) + 8 + f];
      const real v31z = b0[row_of(i, 24) + 16 + f];
      const real v42x = 0.484821283f * v31x + 0.204203539f * v31y + 0.654162232f * v31z;
      const real v42y = (-0.248573005f) * v31x + 0.365251871f * v31y + (-0.879563111f) * v31z;
      const real v42z = (-0.413928028f) * v31x + 0.790083147f * v31y + 0.165228596f * v31z;
      const real v105x = b7[row_of(i, 24) + f];
      const real v105y = b7[row_of(i, 24) + 8 + f];
      const real v105z = b7[row_of(i, 24) + 16 + f];
      const real v108x = tile[0 * kTile + t * 24 + f];
      const real v108y = tile[0 * kTile + t * 24 + 8 + f];
      const real v108z = tile[0 * kTile + t * 24 + 16 + f];
      const real v109x = v105x + v108x;
      const real v109y = v105y + v108y;
      const real v109z = v105z + v108z;
      const real v114 = v42x * v109x + v42y * v109y + v42z * v109z;
      const real v118 = v31x * v109x + v31y * v109y + v31z * v109z;
      tile[24 * kTile + t * 8 + f] = v113;
      tile[32 * kTile + t * 8 + f] = v114;
      tile[40 * kTile + t * 8 + f] = v118;
    }
  }
  block_barrier();
  linear_tile<8, 8, 1>(rows, in_shared(tile + 32 * kTile), c37, nullptr, false, ring, first_steps<8, 8, 1>(c38),
                       tile + 48 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 40 * kTile), c38, nullptr, true, ring, first_steps<8, 8, 1>(c39),
                       tile + 48 * kTile);
  linear_tile<8, 8, 1>(rows, in_shared(tile + 24 * kTile), c39, nullptr, true, ring, first_steps<8, 8, 2>(c40),
                       tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v119 = tile[48 * kTile + t * 8 + f];
      const real v125 = b5[row_of(i, 8) + f];
      const real v126 = v119 * v125;
      tile[32 * kTile + t * 8 + f] = v126;
    }
  }
  block_barrier();
  linear_tile<8, 8, 2>(rows, in_shared(tile + 32 * kTile), c40, nullptr, false, ring, no_steps(), tile + 40 * kTile,
                       tile + 48 * kTile);
  block_barrier();
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;
    (void)i;
    MLFF_EACH_CHANNEL(c, f, 8) {
      const real v113 = tile[24 * kTile + t * 8 + f];
      const real v127 = tile[40 * kTile + t * 8 + f];
      const real v128 = v113 + v127;
      const real v31x = b0[row_of(i, 24) + f];
      const real v31y = b0[row_of(i, 24) + 8 + f];
      const real v31z = b0[row_of(i, 24) + 16 + f];
      const real v129 = tile[48 * kTile + t * 8 + f];
      const real v33 = v31x * v31x + v31y * v31y + v31z * v31z;
      const real v130 = m_rsqrt(v33);
      const real v131 = 0.5f * v130;
      const real v132 = v129 * v131;
      const real v133x = v31x * v132;
      const real v133y = v31y * v132;
      const real v133z = v31z * v132;
      const real v38 = b2[row_of(i, 8) + f];
      const real v105x = b7[row_of(i, 24) + f];
      const real v105y = b7[row_of(i, 24) + 8 + f];
      const real v105z = b7[row_of(i, 24) + 16 + f];
      const real v108x = tile[0 * kTile + t * 24 + f];
      const real v108y = tile[0 * kTile + t * 24 + 8 + f];
      const real v108z = tile[0 * kTile + t * 24 + 16 + f];
      const real v109x = v105x + v108x;
      const real v109y = v105y + v108y;
      const real v109z = v105z + v108z;
      const real v115x = v38 * v109x;
      const real v115y = v38 * v109y;
      const real v115z = v38 * v109z;
      const real v116x = 0.484821283f * v115x + (-0.248573005f) * v115y + (-0.413928028f) * v115z;
      const real v116y = 0.204203539f * v115x + 0.365251871f * v115y + 0.790083147f * v115z;
      const real v116z = 0.654162232f * v115x + (-0.879563111f) * v115y + 0.165228596f * v115z;
      const real v134x = v133x + v116x;
      const real v134y = v133y + v116y;
      const real v134z = v133z + v116z;
      const real v37 = b1[row_of(i, 8) + f];
      const real v117x = v37 * v109x;
      const real v117y = v37 * v109y;
      const real v117z = v37 * v109z;
      const real v135x = v134x + v117x;
      const real v135y = v134y + v117y;
      const real v135z = v134z + v117z;
      const real v136x = v135x + v133x;
      const real v136y = v135y + v133y;
      const real v136z = v135z + v133z;
      b8[row_of(i, 8) + f] = v128;
      b9[row_of(i, 24) + f] = v136x;
      b9[row_of(i, 24) + 8 + f] = v136y;
      b9[row_of(i, 24) + 16 + f] = v136z;
    }
  }
  block_barrier();
}

MLFF_KERNEL(phase_3, 1, const int n_atoms, const int tile_atoms, const int* MLFF_RESTRICT element,
            const int* MLFF_RESTRICT pair_begin, const int* MLFF_RESTRICT pair_neighbour,
            const real* MLFF_RESTRICT pair_geometry, real* MLFF_RESTRICT pair_gradient, const real* MLFF_RESTRICT c1,
            const real* MLFF_RESTRICT c2, const real* MLFF_RESTRICT c3, const real* MLFF_RESTRICT c4,
            const real* MLFF_RESTRICT c6, const real* MLFF_RESTRICT c7, const real* MLFF_RESTRICT c8,
            const real* MLFF_RESTRICT c9, const real* MLFF_RESTRICT b8, const real* MLFF_RESTRICT b9) {
  struct alignas(16) Record {  // of a pair
    real ux, uy, uz, r;
    real v15;
    real v16[9];
    real v20;
    real v139;
    real v148[9];
    real v163;
    int j, row;
  };
  constexpr int kTileNumbers = 0;   // of tile arrays, an atom
  constexpr int kSumNumbers = 4;    // of sums over channels, a pair of a chunk
  constexpr int kTeamNumbers = 16;  // of team arrays, a pair of a batch
  constexpr int kRing = 0;          // reals of weights on their way
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
  // Pairs of each atom of the tile, in chunks.
  MLFF_EACH_ATOM(t, rows) {
    const int i = first + t;

    const int end = pair_begin[i + 1];
    for (int q0 = pair_begin[i]; q0 < end; q0 += kPairChunk) {
      const int count = end - q0 < kPairChunk ? end - q0 : kPairChunk;
      MLFF_EACH_PAIR(e, count) {
        Record& p = record[e];
        p.j = pair_neighbour[q0 + e];
        const Quad g = *(const Quad*)(pair_geometry + row_of(q0 + e, 4));
        p.ux = g.x, p.uy = g.y, p.uz = g.z, p.r = g.w;
        const real v10 = p.r * 0.628318531f;
        const real v12 = m_cos(v10);
        const real v13 = 1.0f + v12;
        const real v15 = v13 * 0.5f;
        const real v18 = p.r + 1e-08f;
        const real v19 = m_reciprocal(v18);
        const real v20 = p.r * v19;
        const real v137 = m_sin(v10);
        const real v138 = 0.628318531f * v137;
        const real v139 = 0.5f * v138;
        const real v160 = power<2>(v19);
        const real v161 = p.r * v160;
        const real v162 = -v161;
        const real v163 = v19 + v162;
        p.v15 = v15;
        p.v20 = v20;
        p.v139 = v139;
        p.v163 = v163;
      }
      team_barrier();
      MLFF_EACH_PAIR_CHANNEL(e, f, count, 9) {
        Record& p = record[e];
        const real v2 = c1[f];
        const real v3 = p.r + v2;
        const real v4 = c2[f];
        const real v5 = v3 * v4;
        const real v6 = power<2>(v5);
        const real v7 = -v6;
        const real v8 = m_exp(v7);
        const real v15 = p.v15;
        const real v16 = v8 * v15;
        const real v139 = p.v139;
        const real v140 = v8 * v139;
        const real v141 = -v140;
        const real v143 = v5 * 2.0f;
        const real v144 = v4 * v143;
        const real v145 = v8 * v144;
        const real v146 = v15 * v145;
        const real v147 = -v146;
        const real v148 = v141 + v147;
        p.v16[f] = v16;
        p.v148[f] = v148;
      }
      team_barrier();
      const auto batch = [&](auto size, const int p0) {
        constexpr int E = decltype(size)::value;
        Record* const pair = record + p0;
        MLFF_EACH_CHANNEL(c, f, 8) {
          real v22[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v22[e] = c3[f];
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c4[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v22[e] += pair[e].v16[k] * w;
          }
          real v149[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v149[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 9; ++k) {
            const real w = c4[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v149[e] += pair[e].v148[k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v23 = m_silu(v22[e]);
            const real v150 = m_sigmoid(v22[e]);
            const real v151 = -v150;
            const real v152 = 1.0f + v151;
            const real v153 = v22[e] * v152;
            const real v154 = 1.0f + v153;
            const real v155 = v150 * v154;
            const real v156 = v149[e] * v155;
            team_array[8 * kPairBatch + e * 8 + f] = v23;
            team_array[0 * kPairBatch + e * 8 + f] = v156;
          }
        }
        team_barrier();
        real part1[E * 4] = {};
        MLFF_EACH_CHANNEL(c, f, 8) {
          const real v0 = c7[row_of(element[i], 8) + f];
          real v157[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v157[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c6[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v157[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v158[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v158[e] = 0.0f;
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c9[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v158[e] += team_array[0 * kPairBatch + e * 8 + 0 + k] * w;
          }
          real v25[E];
          MLFF_UNROLL for (int e = 0; e < E; ++e) v25[e] = c8[f];
          MLFF_UNROLL for (int k = 0; k < 8; ++k) {
            const real w = c9[k * 8 + f];
            MLFF_UNROLL for (int e = 0; e < E; ++e) v25[e] += team_array[8 * kPairBatch + e * 8 + 0 + k] * w;
          }
          MLFF_UNROLL for (int e = 0; e < E; ++e) {
            Record& p = pair[e];
            const real v204 = b8[row_of(p.j, 8) + f];
            const real v205 = v157[e] * v204;
            const real v206 = v0 * v205;
            const real v20 = p.v20;
            const real v159 = v20 * v158[e];
            const real v163 = p.v163;
            const real v164 = v25[e] * v163;
            const real v165 = v159 + v164;
            const real v207x = b9[row_of(p.j, 24) + f];
            const real v207y = b9[row_of(p.j, 24) + 8 + f];
            const real v207z = b9[row_of(p.j, 24) + 16 + f];
            const real v208 = p.ux * v207x + p.uy * v207y + p.uz * v207z;
            const real v209 = v165 * v208;
            const real v210 = -v209;
            const real v211 = v206 + v210;
            const real v29 = v20 * v25[e];
            const real v215x = v29 * v207x;
            const real v215y = v29 * v207y;
            const real v215z = v29 * v207z;
            part1[e * 4 + 0] += v211;
            part1[e * 4 + 1] += v215x;
            part1[e * 4 + 2] += v215y;
            part1[e * 4 + 3] += v215z;
          }
        }
        team_barrier();
        leave_sums<4>(sums, p0, part1);
      };
      int p0 = 0;
      for (; p0 + kPairBatch <= count; p0 += kPairBatch) batch(Count<kPairBatch>(), p0);
      for (; p0 < count; ++p0) batch(Count<1>(), p0);
      team_barrier();
      MLFF_EACH_PAIR(e, count) {
        const Record& p = record[e];
        const int q = q0 + e;
        const real v212 = left_sum<4>(sums, e, 0);
        const real v216x = left_sum<4>(sums, e, 1);
        const real v216y = left_sum<4>(sums, e, 2);
        const real v216z = left_sum<4>(sums, e, 3);
        const real v213x = p.ux * v212;
        const real v213y = p.uy * v212;
        const real v213z = p.uz * v212;
        const real v214x = -v213x;
        const real v214y = -v213y;
        const real v214z = -v213z;
        const real v180 = m_reciprocal(p.r);
        const real v217 = p.ux * v216x + p.uy * v216y + p.uz * v216z;
        const real v218x = p.ux * v217;
        const real v218y = p.uy * v217;
        const real v218z = p.uz * v217;
        const real v219x = -v218x;
        const real v219y = -v218y;
        const real v219z = -v218z;
        const real v220x = v216x + v219x;
        const real v220y = v216y + v219y;
        const real v220z = v216z + v219z;
        const real v221x = v180 * v220x;
        const real v221y = v180 * v220y;
        const real v221z = v180 * v220z;
        const real v222x = v214x + v221x;
        const real v222y = v214y + v221y;
        const real v222z = v214z + v221z;
        pair_gradient[row_of(q, 3)] += v222x;
        pair_gradient[row_of(q, 3) + 1] += v222y;
        pair_gradient[row_of(q, 3) + 2] += v222z;
      }
    }
  }
  block_barrier();
}
